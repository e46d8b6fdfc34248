"""What is known to go wrong between calendars and us, what comes of it, and which tests prove it.

The table in docs/calendars.md is made from this list.
"""

from typing import Final

from msgspec import Struct

_HERE: Final = "booking/calendars/"


class Fault(Struct, frozen=True):
    """One way in which it goes wrong.

    Attributes:
        what: What happens.
        outcome: What comes of it.
        proofs: The tests that let it happen, as ``file::name`` below ``tests``.
    """

    what: str
    outcome: str
    proofs: tuple[str, ...]


def _fault(what: str, outcome: str, *proofs: str) -> Fault:
    """Return a fault; proofs that begin with a point stand beside this file."""
    places = (each.replace("./", _HERE, 1) if each.startswith("./") else each for each in proofs)
    return Fault(what, outcome, tuple(places))


FAULTS: Final = (
    # --- what changed -------------------------------------------------------------------------
    _fault(
        "a token that the server does not know, refused or answered",
        "one listing, at once or within a day; the times of a fresh import",
        "./contract/test_engine.py::test_a_token_that_was_never_issued_ends_in_the_truth",
        "./test_faults.py::test_a_token_nobody_knows_costs_one_listing",
    ),
    _fault(
        "a 500 over the token alone",
        "a failed round, then one listing; no loop",
        "./test_faults.py::test_a_token_that_breaks_the_server_is_given_up",
    ),
    _fault(
        "a delta in pages, with removals",
        "read to its end before anything is stored as known",
        "./test_faults.py::test_pages_are_put_together",
        "./contract/test_calendar_server.py::test_changes_in_pages_are_one_answer",
    ),
    _fault(
        "pages without end, under one token",
        "one more question, then a listing",
        "./test_faults.py::test_pages_without_end_are_given_up",
    ),
    _fault(
        "a worker killed while thousands of events are read",
        "the next reads on: each event once, nothing freed before the end",
        "./test_processes.py::test_a_killed_worker_is_followed_by_one_that_reads_on",
        "./test_faults.py::test_a_large_calendar_is_read_on_where_it_broke_off",
    ),
    _fault(
        "a reader killed between asking and storing",
        "the token stays; the next reading finds the change",
        "./test_faults.py::test_a_reader_that_is_killed_leaves_what_a_second_one_needs",
    ),
    _fault(
        "an event removed and made again under its old ETag",
        "its new time counts at the next reading",
        "./contract/test_engine.py::test_what_was_made_again_under_its_old_etag_is_news",
    ),
    _fault(
        "clocks ten minutes apart, and writes within one second",
        "nothing missed in two hundred acts of both sides",
        "./contract/test_in_step.py::test_a_clock_that_is_wrong_misses_nothing",
    ),
    _fault(
        "both sides change the calendar at random",
        "the times of a fresh import; nothing lost or doubled",
        "./contract/test_in_step.py::test_both_sides_know_the_same_whatever_they_do",
    ),
    # --- calendars that seem to be gone ---------------------------------------------------------
    _fault(
        "a calendar that is suddenly empty",
        "nothing freed for a day; the advisor is told",
        "./test_faults.py::test_a_listing_that_lost_everything_frees_nothing",
        "./test_reading.py::test_a_calendar_that_is_suddenly_empty_keeps_its_times",
    ),
    _fault(
        "a calendar that lost much at once",
        "believed when the same is missing ten minutes later",
        "./test_doubt.py::test_what_stays_away_for_ten_minutes_is_gone",
        "./test_doubt.py::test_losing_others_each_time_is_not_believed",
    ),
    _fault(
        "a calendar that is gone (404, 410)",
        "its times stay; later bookings wait for the advisor's word",
        "./test_reading.py::test_a_calendar_that_is_gone_frees_nothing",
        "api/test_fresh_calendars.py::test_a_server_that_is_away_leaves_it_to_the_organisation",
    ),
    # --- who may ---------------------------------------------------------------------------------
    _fault(
        "a password that no longer works (401, twice)",
        "told once, and never asked again until there is a new one",
        "./test_faults.py::test_after_two_refusals_nobody_knocks_again",
        "./test_reading.py::test_a_password_that_stops_working_stops_the_asking",
    ),
    _fault(
        "one 401 while the server starts",
        "nobody need do anything",
        "./test_faults.py::test_a_refusal_while_the_server_starts_is_no_refusal",
    ),
    # --- servers in trouble ----------------------------------------------------------------------
    _fault(
        "429 or 503 with Retry-After",
        "no question to that server until then; others as ever",
        "./test_faults.py::test_a_server_that_asks_for_time_is_given_it",
    ),
    _fault(
        "twenty minutes of 503",
        "twelve questions at most, then all is caught up",
        "./test_faults.py::test_a_server_in_trouble_is_asked_less_and_less",
        "./test_faults.py::test_an_origin_that_fails_is_left_alone_and_tried_by_one",
    ),
    _fault(
        "no answer, or one byte at a time",
        "given up at the deadline; other advisors are read meanwhile",
        "./test_faults.py::test_servers_that_hang_hold_up_nobody_else",
        "./contract/test_faults.py::test_nobody_waits_for_ever",
    ),
    _fault(
        "a redirect to another host, or into the network",
        "refused: nothing arrives there",
        "./test_faults.py::test_a_redirect_to_elsewhere_is_not_followed",
        "./contract/test_faults.py::test_nothing_reaches_a_host_that_was_not_connected",
        "./test_connect.py::test_addresses_inside_the_network_are_refused",
    ),
    _fault(
        "300 MB for an answer, 20 MB for an event",
        "cut off under 50 MB of memory; others are read",
        "./contract/test_faults.py::test_a_huge_answer_is_cut_off",
        "./contract/test_faults.py::test_one_huge_event_does_not_spoil_the_others",
    ),
    _fault(
        "a page for people, half an answer, a cut connection",
        "times, token and age stay as they were",
        "./test_faults.py::test_what_is_no_answer_changes_nothing",
    ),
    _fault(
        "a kept connection that breaks",
        "questions are asked once more; writes never go over one",
        "./contract/test_faults.py::test_a_kept_connection_that_breaks_is_replaced",
        "./contract/test_faults.py::test_a_write_is_never_repeated",
    ),
    # --- writing ---------------------------------------------------------------------------------
    _fault(
        "a write, or a removal, whose answer is lost",
        "done exactly once",
        "./contract/test_engine.py::test_a_deed_whose_answer_was_lost_is_done_once",
        "./contract/test_faults.py::test_after_a_lost_answer_there_is_one_entry",
    ),
    _fault(
        "a write that is said to be done and was not",
        "found out by reading it back, and done again",
        "./test_faults.py::test_a_write_that_is_said_to_be_done_is_looked_after",
    ),
    _fault(
        "something else where our entry should be, and conditions ignored",
        "it stays; the advisor is told",
        "./contract/test_engine.py::test_what_stands_in_our_place_is_never_written_over",
        "./contract/test_faults.py::test_a_server_that_ignores_conditions_overwrites_nothing",
    ),
    _fault(
        "the advisor writes into an entry while we move it",
        "our new time, and their note and alarm",
        "./contract/test_engine.py::test_an_edit_while_we_write_is_not_lost",
    ),
    _fault(
        "an entry that the server rewrites, or tells no ETag of",
        "taken for nobody's change",
        "./contract/test_engine.py::test_what_a_server_makes_of_our_entry_is_no_edit",
        "./contract/test_faults.py::test_an_entry_without_an_etag_can_be_written",
    ),
    _fault(
        "somebody answers whom the advisor invited to a booking's entry",
        "taken for nobody's change",
        "./contract/test_engine.py::test_a_colleagues_answer_is_no_edit_of_the_advisors",
    ),
    _fault(
        "a server that invites people on its own",
        "a colleague's inbox and calendar stay empty",
        "./contract/test_engine.py::test_a_booking_puts_nothing_into_a_colleagues_calendar",
    ),
    # --- what the advisor does -------------------------------------------------------------------
    _fault(
        "the advisor drags a booking",
        "it follows, once; the old time is free",
        "./contract/test_engine.py::test_a_dragged_booking_follows",
    ),
    _fault(
        "the advisor drags it onto another",
        "it stays; the advisor is asked",
        "./contract/test_engine.py::test_a_booking_dragged_onto_another_is_asked_about",
    ),
    _fault(
        "the advisor deletes it",
        "called off after ten minutes of grace",
        "./contract/test_engine.py::test_a_deleted_booking_is_called_off_after_its_grace",
    ),
    _fault(
        "the advisor drags it into another calendar",
        "it stands, and later changes go there",
        "./contract/test_engine.py::test_a_booking_dragged_into_another_calendar_stands",
    ),
    # --- what entries say ------------------------------------------------------------------------
    _fault(
        "one UID twice, or two in one file",
        "all of their times are closed",
        "./contract/test_engine.py::test_one_uid_twice_and_two_in_one_close_all_their_times",
    ),
    _fault(
        "series with moved, cancelled and excepted times",
        "the very times of the series",
        "./test_reading.py::test_every_kind_of_event_means_the_same_through_a_server",
        "./test_expansion.py::test_what_an_entry_keeps_closed",
        "./test_series.py::test_all_that_follow_are_moved_along",
    ),
    _fault(
        "clock changes and whole days",
        "the time on the clock, the length in minutes, days by the owner's midnight",
        "./test_reading.py::test_every_kind_of_event_means_the_same_through_a_server",
        "./test_series.py::test_the_night_on_which_an_hour_is_lost",
        "./test_series.py::test_the_night_on_which_an_hour_comes_twice",
    ),
    _fault(
        "zones with odd names, or unknown, or none",
        "a known zone; else all that it may mean, and said so",
        "./test_zones_of_entries.py::test_a_zone_with_a_name_is_taken_by_its_name",
        "./test_zones_of_entries.py::test_a_zone_that_proves_nothing_closes_what_it_may_mean",
        "./test_zones_of_entries.py::test_a_calendar_is_read_in_its_own_zone",
    ),
    _fault(
        "declined, transparent, tentative and Outlook's own words",
        "as the organisation decided",
        "./test_blocking.py::test_the_first_that_applies_decides",
        "./test_blocking.py::test_the_organisation_decides_what_keeps_its_advisors_busy",
        "./contract/test_person.py::test_a_transparent_calendar_is_told_from_others",
        "./contract/test_person.py::test_an_alias_that_the_server_knows_is_the_advisors_own",
    ),
    _fault(
        "rules that run for ever, or from 1601 on",
        "bounded time and memory; the others are read",
        "./test_rules.py::test_odd_rules_are_quick_and_right",
        "./test_reading.py::test_a_rule_that_would_run_for_ever_closes_the_calendar",
        "./test_crunching.py::test_one_guilty_entry_is_given_up_and_499_are_read",
    ),
    _fault(
        "one entry in 500 that cannot be read",
        "499 are read; the one is shown until it is mended",
        "./test_crunching.py::test_one_bad_entry_among_500_is_put_aside",
        "./test_reading.py::test_a_broken_event_is_put_aside_and_the_rest_goes_on",
    ),
    # --- our own side ----------------------------------------------------------------------------
    _fault(
        "two workers and a person read one calendar at once",
        "one round at a time, no entry written twice",
        "./test_processes.py::test_two_workers_and_a_person_read_and_write_once",
        "./test_writing.py::test_readings_at_the_same_time_act_once",
    ),
    _fault(
        "two customers want one time while the calendar is away",
        "one has it, the other is offered more; one entry, later",
        "./test_faults.py::test_two_who_want_one_time_while_the_calendar_is_away",
    ),
    _fault(
        "invitations held up, answers stale, forged or by machines",
        "only the newest leaves; only true answers count",
        "api/test_inbound.py::test_after_an_outage_only_the_newest_invitation_leaves",
        "api/test_inbound.py::test_a_stale_answer_is_ignored",
        "api/test_inbound.py::test_a_forged_signature_is_ignored",
        "api/test_inbound.py::test_a_stranger_cannot_answer",
        "api/test_inbound.py::test_machines_are_not_taken_for_people",
    ),
    _fault(
        "an advisor disconnects",
        "secrets, events and times are gone; entries too, if asked",
        "./test_disconnecting.py::test_a_disconnected_account_is_forgotten",
        "./test_disconnecting.py::test_entries_are_removed_first_where_that_is_asked",
    ),
    _fault(
        "Redis and PostgreSQL crash while a calendar is read",
        "the same worker reads on, and writes what was booked",
        "./test_processes.py::test_workers_outlive_both_databases",
        "./test_processes.py::test_a_worker_needs_no_redis",
    ),
)
