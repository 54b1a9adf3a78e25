using System.Diagnostics.CodeAnalysis;

namespace Foresight.Matching.Engine;

/// <summary>For what the program itself guarantees. If it fails, the state cannot be trusted: drop the engine and replay.</summary>
public static class Invariant
{
    public static void Require([DoesNotReturnIf(false)] bool condition, string claim)
    {
        if (!condition)
            throw new InvariantException(claim);
    }
}

public sealed class InvariantException(string claim) : Exception(claim);
