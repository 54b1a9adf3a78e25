namespace Foresight.Simulation.Checks;

/// <summary>Something that must always hold does not.</summary>
internal sealed class ViolationException(string rule, string what) : Exception($"{rule}: {what}");
