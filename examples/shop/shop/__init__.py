"""A shop for tea, which knows who came, who left, and who came back."""
