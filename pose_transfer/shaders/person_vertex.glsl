#version 330
in vec4 place;   // clip space
in vec2 uv;
in vec2 look;    // gain on the texture's values; opacity, or -1 where the texture's own counts
out vec2 at;
out vec2 shown;

void main() {
    gl_Position = place;
    at = uv;
    shown = look;
}
