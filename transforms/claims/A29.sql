/*
statement = "If earnings fall short, the weights correct"
absent = "No source of earnings surprises is configured, so no weight change can be dated to one."
*/
