"""Seeds go to the annotation platforms that an operator connected, and labels come back."""
