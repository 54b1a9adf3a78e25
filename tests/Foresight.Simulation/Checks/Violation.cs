namespace Foresight.Simulation.Checks;

/// <summary>An invariant does not hold.</summary>
internal sealed class ViolationException(string rule, string what) : Exception($"{rule}: {what}");
