"""A lab as a test of one's own uses it: hosts, programs on them, faults between them, and what is looked at."""

from labctl.lab.capture import Capture as Capture
from labctl.lab.errors import LabError as LabError
from labctl.lab.errors import LabFailure as LabFailure
from labctl.lab.errors import WrongWords as WrongWords
from labctl.lab.fault import Fault as Fault
from labctl.lab.lab import Lab as Lab
from labctl.lab.program import Program as Program
from labctl.lab.program import Result as Result
from labctl.runner.counted import Counts as Counts
