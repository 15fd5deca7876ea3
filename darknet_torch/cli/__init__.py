"""The command line: parse options, call one function, print. No torch until a command runs."""
