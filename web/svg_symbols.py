"""The small drawings of BPMN: what tells one task, event or gateway from another (ký hiệu)."""

#: 16 × 16 drawings in the upper left corner of a task
TASK_MARKS = {
    "userTask": "M4 13c0-3 2-4 4-4s4 1 4 4M8 7.5a2.2 2.2 0 1 0 0-4.4a2.2 2.2 0 0 0 0 4.4",
    "manualTask": "M3 8l4-3h4.500a1 1 0 0 1 0 2H8.500h5a1 1 0 0 1 0 2h-5h4.300"
    "a1 1 0 0 1 0 2H5L3 11z",
    "serviceTask": "M8 3v2M8 11v2M3 8h2M11 8h2M4.500 4.500l1.300 1.300M10.200 10.200l1.300 1.300"
    "M4.500 11.500l1.300-1.300M10.200 5.800l1.300-1.300M8 10a2 2 0 1 0 0-4a2 2 0 0 0 0 4",
    "sendTask": "M3 5h10v7H3zM3 5l5 4 5-4",
    "receiveTask": "M3 5h10v7H3zM3 5l5 4 5-4",
    "scriptTask": "M5 3h7c-2 2-2 3 0 5s2 3 0 5H5c2-2 2-3 0-5s-2-3 0-5"
    "M6 6h4M7.500 8.500h3.500M6.500 11h4",
    "businessRuleTask": "M3 4h10v9H3zM3 7h10M6.500 7v6M3 10h10",
}
#: drawings around 0,0 inside an event of radius 18
EVENT_MARKS = {
    "messageEventDefinition": "M-8-5.500H8V5.500H-8zM-8-5.500L0 1 8-5.500",
    "timerEventDefinition": "M0-8.500a8.500 8.500 0 1 0 .01 0M0-5.500V0l3.500 2",
    "errorEventDefinition": "M-7 7L-3.500-6 2.500 1.500 7-7 3.500 6.500-2.500-.500z",
    "escalationEventDefinition": "M0-8L6.500 7.500 0 1-6.500 7.500z",
    "cancelEventDefinition": "M-6-4l2-2 4 4 4-4 2 2-4 4 4 4-2 2-4-4-4 4-2-2 4-4z",
    "compensateEventDefinition": "M0-6V6L-8 0zM8-6V6L0 0z",
    "conditionalEventDefinition": "M-6-8H6V8H-6zM-3.500-4.500h7M-3.500 0h7M-3.500 4.500h7",
    "linkEventDefinition": "M-8-3H2V-7L8.500 0 2 7V3H-8z",
    "signalEventDefinition": "M0-8L8 6H-8z",
    "terminateEventDefinition": "M0-9.500a9.500 9.500 0 1 0 .01 0",
    "multiple": "M0-8.500L8-2.500 5 7H-5L-8-2.500z",
    "parallelMultiple": "M-2.500-8h5v5.500H8v5H2.500V8h-5V2.500H-8v-5h5.500z",
}
#: drawings around 0,0 inside a gateway of 50 × 50
GATEWAY_MARKS = {
    "exclusiveGateway": "M-6-6L6 6M6-6L-6 6",
    "parallelGateway": "M0-9V9M-9 0H9",
    "inclusiveGateway": "M0-8.500a8.500 8.500 0 1 0 .01 0",
    "complexGateway": "M0-9V9M-9 0H9M-6.500-6.500L6.500 6.500M6.500-6.500L-6.500 6.500",
    "eventBasedGateway": "M0-11a11 11 0 1 0 .01 0M0-8.500a8.500 8.500 0 1 0 .01 0"
    "M0-5.500L5.200-1.700 3.200 4.500H-3.200L-5.200-1.700z",
}
#: drawings around 0,0 in the lower middle of an activity
LOWER_MARKS = {
    "standardLoop": "M-2.500 5.500a5.500 5.500 0 1 1 4 .200M-2.500 5.500v-4M-2.500 5.500h-4",
    "parallelLoop": "M-4-5V5M0-5V5M4-5V5",
    "sequentialLoop": "M-5-4H5M-5 0H5M-5 4H5",
    "collapsed": "M-6.500-6.500H6.500V6.500H-6.500zM0-4V4M-4 0H4",
    "adHoc": "M-6 2c2-6 4-4 6-2s4 3 6-2",
    "compensation": "M0-5V5L-6 0zM6-5V5L0 0z",
}
FILLED_EVENTS = frozenset({"terminateEventDefinition"})
