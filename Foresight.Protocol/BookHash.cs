namespace Foresight.Protocol;

/// <summary>
/// Lets an Api node compare its copy of a book with the leader's. The hash is the sum of its levels' hashes, so that a changed level costs
/// two additions. It finds differences, not enemies: an attacker who can choose the levels could make two books agree.
/// </summary>
public static class BookHash
{
    /// <summary>Modulo 2^32; 0 for an empty level, so that a level that is gone leaves no trace in the sum.</summary>
    public static uint OfLevel(bool isBid, int priceTicks, long lots, long firmLots = 0)
    {
        if (lots == 0)
            return 0;
        // SplitMix64, because every bit of price, side and quantity must change half of the bits of the result.
        var mixed = (((ulong)(uint)priceTicks << 1) | (isBid ? 1UL : 0)) * 0x9E3779B97F4A7C15 ^ (ulong)lots;
        // Nothing without firm lots, so that nodes which do not know of them agree.
        mixed += (ulong)firmLots * 0xD6E8FEB86659FD93;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (uint)(mixed >> 32);
    }
}
