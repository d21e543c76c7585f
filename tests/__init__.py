"""Tests. They mirror site/sidedoor; browser/ drives real browsers."""
