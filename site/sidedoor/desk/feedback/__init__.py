"""What readers wrote in the feedback form, at the desk: staff answer it. They know it as messages."""
