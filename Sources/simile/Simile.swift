import ArgumentParser

@main
struct Simile: ParsableCommand {}
