"""People are called what they wish to be called; rules by Onze Taal and Taaladvies."""

import pytest

from kernel.people import PersonName, full_name, greeting, spoken_address

ANNA = PersonName(given="Anna", prefix="de", surname="Vries", honorific="mrs")
KIM = PersonName(given="Kim", surname="Verbeek")
SOPHIE = PersonName(
    given="Sophie", prefix="van den", surname="Berg", partner_surname="Jansen", honorific="mrs"
)
WILLEM = PersonName(given="Willem", prefix="'t", surname="Hart", honorific="mr")
HEDY = PersonName(given="Hedy", prefix="d'", surname="Ancona", honorific="mrs")
INITIALS = PersonName(initials="K.", prefix="ten", surname="Cate", honorific="none")


@pytest.mark.parametrize(
    ("name", "language", "formality", "expected"),
    [
        (ANNA, "nl", "formal", "Geachte mevrouw De Vries"),
        (ANNA, "nl", "informal", "Beste Anna"),
        (ANNA, "en", "formal", "Dear Ms De Vries"),
        (KIM, "nl", "formal", "Beste Kim Verbeek"),
        (KIM, "en", "formal", "Dear Kim Verbeek"),
        (KIM, "en", "informal", "Dear Kim"),
        (SOPHIE, "nl", "formal", "Geachte mevrouw Jansen-van den Berg"),
        (WILLEM, "nl", "formal", "Geachte heer 't Hart"),
        (HEDY, "nl", "formal", "Geachte mevrouw d'Ancona"),
        (INITIALS, "nl", "formal", "Beste K. ten Cate"),
        (INITIALS, "nl", "informal", "Beste K. ten Cate"),
    ],
)
def test_a_letter_opens_as_it_should(
    name: PersonName, language: str, formality: str, expected: str
) -> None:
    """A prefix gets its capital only where no name stands before it, and d' and 't never do."""
    assert greeting(name, language, formality) == expected  # type: ignore[arg-type]  # literals


def test_gender_is_never_guessed() -> None:
    """Without a chosen form of address there is no heer and no mevrouw, whatever the first name."""
    for given in ("Anna", "Willem", "Kim"):
        opening = greeting(PersonName(given=given, surname="Bos"), "nl", "formal")
        assert opening == f"Beste {given} Bos"


def test_a_full_name_keeps_its_prefix_small() -> None:
    """After a first name the prefix is in lower case; alone it is not."""
    assert full_name(ANNA) == "Anna de Vries"
    assert full_name(PersonName(prefix="de", surname="Vries")) == "De Vries"


def test_an_advisor_reads_how_to_address_somebody_aloud() -> None:
    """Aloud it is meneer, on paper heer; without a choice it is the full name."""
    assert spoken_address(WILLEM, "nl", "formal") == "meneer 't Hart"
    assert spoken_address(ANNA, "nl", "formal") == "mevrouw De Vries"
    assert spoken_address(KIM, "nl", "formal") == "Kim Verbeek"
    assert spoken_address(KIM, "nl", "informal") == "Kim"
