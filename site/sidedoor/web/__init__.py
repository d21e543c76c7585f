"""What both applications are built on: policy, the outermost layer, the edition, serving, the language of a request."""
