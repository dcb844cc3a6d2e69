//! The cockpit as data: focus, routing of events to panes, layout, view. It decides nothing about clusters or faults.
