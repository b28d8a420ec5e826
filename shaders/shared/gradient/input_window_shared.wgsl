// Inputs of a job's sources of a net that colours share.

#include gradient/input_window_sign
