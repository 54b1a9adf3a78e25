namespace Foresight.Matching.Engine;

/// <summary>Gives the same result on every machine, unlike <see cref="object.GetHashCode"/>.</summary>
internal static class Mixing
{
    /// <summary>Finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the input affects every bit of the output.</summary>
    public static ulong Mix(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }

    public static ulong Then(ulong hash, long word) => unchecked(Mix(hash * 0x9E3779B97F4A7C15 + (ulong)word + 0x632BE59BD9B4E019));
}
