"""What strace wrote of a program -> its calls, and which socket each is about. Start at strace.py and sockets.py."""
