// Adds the products of an input of a net that colours share.

#include gradient/add_spin_sign
