"""Known answers: figures published by others or found by hand, computed again by the engine that a run uses.

A case is one decorated function in one file of ``cases``. Those without ``oracle`` ship whole: their figures are quoted, no data is
copied. Those with one read what others made from a folder of the user's, which is not part of the package.
"""

from lifecircle.verification.case import Case, Check, Outcome, case, load_cases, run_case
from lifecircle.verification.verify import NotRun, Verification, verify

__all__ = ["Case", "Check", "NotRun", "Outcome", "Verification", "case", "load_cases", "run_case", "verify"]
