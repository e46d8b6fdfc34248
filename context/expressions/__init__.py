"""Rules in forms: a small, strict language in JSON, shaped like JsonLogic.

``{"f": "goal"}`` is the answer to a field, ``{"eq": [{"f": "goal"}, "buy"]}`` a comparison, and a
plain text, number, true or false is itself. `check` refuses whatever does not fit when a form is
published, so that `holds` can never fail on an answer. ``docs/algorithms/expressions.md`` has every
operator and every meaning.

- Numbers are exact decimals. Nothing is converted: a text never equals a number, and comparing
  the two is refused.
- *Absent* (not asked, or not answered) is no value at all: not empty, not zero, not false.
- A comparison with something absent is false, ``ne`` and ``in`` included: what is not known is
  not known to differ.
- ``and``, ``or`` and ``not`` know three values. An unanswered yes-or-no question is unknown;
  false settles an ``and``, true an ``or``, and the opposite of unknown is unknown.
- A rule whose outcome is unknown does not hold.
- ``present`` asks whether there is an answer; ``empty`` whether there is one without content.

One rule goes through `syntax` (its shape), `checking` (its type) and `compiling` (ready to run).
A whole form goes through `publishing` to a `plan`, which `partial` hands to the browser; `order`,
`folding` and `proving` are what these stand on, and `values` the numbers and dates below it all.
"""

from context.expressions.checking import Known, check
from context.expressions.compiling import holds
from context.expressions.values import Scalar, Type

__all__ = ["Known", "Scalar", "Type", "check", "holds"]
