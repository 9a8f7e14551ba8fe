#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Events of packets: every drop is explained, with the policy that decided, and established traffic is silent."""
import json

from case import LabCase, main
from core_cases import policy

FRONTEND_ONLY = policy("""
    podSelector: {matchLabels: {app: backend}}
    ingress:
    - from: [{podSelector: {matchLabels: {app: frontend}}}]
    """)
