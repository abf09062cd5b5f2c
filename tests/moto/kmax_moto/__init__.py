"""Mends what stock moto gets wrong in the APIs that kmax uses, and orders faults on top of it."""
