#version 330
// A straight tapered line whose far end moves while the shutter is open. What it covers of a pixel
// is the mean over that time, worked out exactly for each of a few straight pieces of the way.
const int INTERVALS = 10;  // as in baton_stick.py
const float SMEARED_PX = 8.0;
const float STRENGTHENED = 0.65;
// The side away from the light is a dark rim this wide, or this share of half the shaft; without it
// light wood would be lost before a light wall.
const float RIM_PX = 0.9;
const float RIM_SHARE = 0.7;
const float RIM_OPACITY = 0.6;
uniform vec2 start;
uniform vec2 ends[INTERVALS + 1];
uniform vec2 thickness;
uniform vec2 depth;
uniform vec3 wood;
uniform vec3 shade;
uniform vec2 light;  // towards it, in the picture
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

float strengthened(float share, float smeared) {
    return pow(clamp(share, 0.0, 1.0), mix(1.0, STRENGTHENED, smeared));
}

void main() {
    vec2 from_start = gl_FragCoord.xy - 0.5 - start;
    float along_middle = 0.0;
    float lit = 0.0, rimmed = 0.0;
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
            float rim = 0.5 * max(RIM_PX, RIM_SHARE * half_width);
            float away = -rim * (way.x * light.y - way.y * light.x);
            float seen = 0.5 * (inside + last_inside);
            lit += covered(last_across, across, half_width) * seen;
            rimmed += covered(last_across - away, across - away, half_width + rim) * seen;
        }
        last_across = across;
        last_inside = inside;
    }
    if (rimmed <= 0.0) discard;
    // The eye follows the baton and sees more of it than its true blur leaves.
    float smeared = clamp(abs(last_across - first_across) / SMEARED_PX, 0.0, 1.0);
    float front = strengthened(lit / float(INTERVALS), smeared);
    float behind = (1.0 - front) * RIM_OPACITY * strengthened(rimmed / float(INTERVALS), smeared);
    colour = vec4((front * wood + behind * shade) / (front + behind), front + behind);
    gl_FragDepth = mix(depth.x, depth.y, along_middle) * 0.5 + 0.5;
}
