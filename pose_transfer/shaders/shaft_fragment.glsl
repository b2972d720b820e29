#version 330
// A straight tapered line whose far end moves while the shutter is open. What it covers of a pixel
// is the mean over that time, worked out exactly for each of a few straight pieces of the way.
const int INTERVALS = 10;  // as in baton_stick.py
const float SMEARED_PX = 8.0;
const float STRENGTHENED = 0.65;
uniform vec2 start;
uniform vec2 ends[INTERVALS + 1];
uniform vec2 thickness;
uniform vec2 depth;
uniform vec3 wood;
out vec4 colour;

// Integral from 0 to d of the coverage of a pixel at distance d from the middle of a line.
float summed(float d, float half_width) {
    float flat_part = half_width - 0.5;
    float a = abs(d);
    float u = clamp(a - flat_part, 0.0, 1.0);
    return sign(d) * (min(a, flat_part) + u - 0.5 * u * u);
}

float covered(float from, float to, float half_width) {
    if (abs(to - from) < 0.02) {
        return clamp(half_width + 0.5 - abs(0.5 * (from + to)), 0.0, 1.0);
    }
    return (summed(to, half_width) - summed(from, half_width)) / (to - from);
}

void main() {
    vec2 from_start = gl_FragCoord.xy - 0.5 - start;
    float along_middle = 0.0;
    float total = 0.0;
    float last_across = 0.0, last_inside = 0.0, first_across = 0.0;
    for (int i = 0; i <= INTERVALS; i++) {
        vec2 way = ends[i] - start;
        float length_px = max(length(way), 1e-3);
        way /= length_px;
        float along = dot(from_start, way);
        float across = way.x * from_start.y - way.y * from_start.x;
        float inside = clamp(along + 0.5, 0.0, 1.0) * clamp(length_px - along + 0.5, 0.0, 1.0);
        float share = clamp(along / length_px, 0.0, 1.0);
        if (2 * i == INTERVALS) along_middle = share;
        if (i == 0) {
            first_across = across;
        } else {
            float half_width = mix(thickness.x, thickness.y, share);
            total += covered(last_across, across, half_width) * 0.5 * (inside + last_inside);
        }
        last_across = across;
        last_inside = inside;
    }
    float alpha = clamp(total / float(INTERVALS), 0.0, 1.0);
    if (alpha <= 0.0) discard;
    // The eye follows the baton and sees more of it than its true blur leaves.
    float smeared = clamp(abs(last_across - first_across) / SMEARED_PX, 0.0, 1.0);
    colour = vec4(wood, pow(alpha, mix(1.0, STRENGTHENED, smeared)));
    gl_FragDepth = mix(depth.x, depth.y, along_middle) * 0.5 + 0.5;
}
