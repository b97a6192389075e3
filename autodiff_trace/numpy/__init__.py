from .wrapped import *
from . import rules, array_box
