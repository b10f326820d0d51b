"""One command of `forewarn` a file: it reads arguments, calls the rooms, and shows what came."""
