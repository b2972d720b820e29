#version 330
in vec2 place;   // normalised device coordinates
void main() { gl_Position = vec4(place, 0.0, 1.0); }
