"""What the program does when the machine, the disk, the network or the other side does not do its part."""
