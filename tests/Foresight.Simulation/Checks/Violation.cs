namespace Foresight.Simulation.Checks;

internal sealed class ViolationException(string rule, string what) : Exception($"{rule}: {what}");
