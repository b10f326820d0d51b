"""What flows: closed immutable types, taxonomy, topics, areas, and bytes to types and back.

This room imports nothing of ours and does no input or output. Every other room speaks in its terms.
"""
