"""What stands behind the larger commands of the command line, a file each."""
