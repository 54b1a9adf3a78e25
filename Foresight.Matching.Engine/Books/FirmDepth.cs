namespace Foresight.Matching.Engine.Books;

/// <summary>
/// The firm part of each level's quantity. Apart from the levels, so that a book without firm orders costs neither memory nor time.
/// </summary>
internal sealed class FirmDepth
{
    private readonly Dictionary<long, long> _lots = [];

    public long At(int ladder, int key) => _lots.GetValueOrDefault(KeyOf(ladder, key));

    public void Add(int ladder, int key, long lots)
    {
        var level = KeyOf(ladder, key);
        ref var sum = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_lots, level, out _);
        sum += lots;
        Invariant.Require(sum >= 0, "a level has no less than nothing that is firm");
        if (sum == 0)
            _lots.Remove(level);
    }

    private static long KeyOf(int ladder, int key) => ((long)ladder << 32) | (uint)key;
}
