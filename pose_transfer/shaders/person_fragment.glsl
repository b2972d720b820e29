#version 330
uniform sampler2D skin;
in vec2 at;
in vec2 shown;
out vec4 colour;

void main() {
    vec4 texel = texture(skin, at);
    colour = vec4(texel.rgb * shown.x, shown.y < -0.5 ? texel.a * clamp(2.0 + shown.y, 0.0, 1.0) : max(shown.y, 0.0));
}
