/*
statement = "Founders face a payback test on acquisition cost"
untestable = "It speaks of private companies' books, which no market or public series shows."
*/
