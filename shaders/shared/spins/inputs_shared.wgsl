// Inputs of a net that colours share: bits of every pass, set where a site has another colour.

#include spins/inputs_sign
