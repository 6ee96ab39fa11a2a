"""What a seed is compared with: selections from the literature, all within the same budget.

``pool`` holds what they see and may still buy, ``registry`` all of them by name.
"""
