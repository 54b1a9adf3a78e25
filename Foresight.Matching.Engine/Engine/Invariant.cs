using System.Diagnostics.CodeAnalysis;

namespace Foresight.Matching.Engine;

/// <summary>A condition that our own code guarantees. When it fails the state cannot be trusted: drop the engine and replay.</summary>
public static class Invariant
{
    /// <exception cref="InvariantException">The condition does not hold.</exception>
    public static void Require([DoesNotReturnIf(false)] bool condition, string claim)
    {
        if (!condition)
            throw new InvariantException(claim);
    }
}

/// <param name="claim">What should have been true.</param>
public sealed class InvariantException(string claim) : Exception(claim);
