"""The classical linearised model, through CP-SAT, SCIP, HiGHS and CBC."""
