#!/usr/bin/env python3
"""Makes src/api/assets/coast.txt: the coastline of the dashboard's map.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python3 scripts/coastline.py package/land-110m.json > src/api/assets/coast.txt

The data is Natural Earth's (naturalearthdata.com, 1:110m land), which is in the public domain; it is simplified to what
shows on a small map. A line of the output is a ring: longitude and latitude in tenths of degrees, one after the other.
"""
import json
import sys

TOLERANCE = 0.4  # degrees
SMALLEST = 2.0  # square degrees of a ring's box; smaller islands are left out


def simplified(points):
    """Douglas and Peucker's algorithm, without recursion."""
    keep, open_ranges = {0, len(points) - 1}, [(0, len(points) - 1)]
    while open_ranges:
        first, last = open_ranges.pop()
        (ax, ay), (bx, by) = points[first], points[last]
        length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
        farthest, at = 0.0, None
        for i in range(first + 1, last):
            x, y = points[i]
            if length == 0:
                away = ((x - ax) ** 2 + (y - ay) ** 2) ** 0.5
            else:
                away = abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length
            if away > farthest:
                farthest, at = away, i
        if at is not None and farthest > TOLERANCE:
            keep.add(at)
            open_ranges += [(first, at), (at, last)]
    return [points[i] for i in sorted(keep)]


def main():
    topology = json.load(open(sys.argv[1]))
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    rings = []
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            ring = []
            for arc in polygon[0]:
                points = arcs[arc] if arc >= 0 else arcs[~arc][::-1]
                ring += points if not ring else points[1:]
            rings.append(ring)
    for ring in rings:
        xs, ys = [x for x, _ in ring], [y for _, y in ring]
        # Antarctica sells no computers.
        if (max(xs) - min(xs)) * (max(ys) - min(ys)) < SMALLEST or max(ys) < -60:
            continue
        half = len(ring) // 2
        points = simplified(ring[: half + 1])[:-1] + simplified(ring[half:])
        print(" ".join(f"{round(x * 10)} {round(y * 10)}" for x, y in points))


main()
