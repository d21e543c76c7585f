"""What both applications stand on: policy, the outermost layer, the edition, serving, the language of a request."""
