using Foresight.Chain;
using Foresight.Matching.Engine;

namespace Foresight.Matching.Journal;

/// <summary>
/// A signed cancel names a salt instead of an order, so it stands for all orders of its maker in a market with that salt.
/// </summary>
internal readonly record struct CancelledSalt(MarketId Market, Address Maker, ulong SaltTag);

/// <summary>No order with this salt may be sequenced any more, because its maker cancelled it.</summary>
/// <param name="MetOrder">False if the cancel removed no open order, because it came before its order or after the order's end.</param>
/// <param name="CountsUntilSeconds">Unix seconds; until then one without an order counts towards its maker's bound. It never ends.</param>
internal readonly record struct Tombstone(long Epoch, long Sequence, bool MetOrder, long CountsUntilSeconds);

/// <summary>A cancel that meets no order costs its maker nothing, so the number of those that are remembered is bounded.</summary>
/// <param name="Early">
/// Tombstones of the last day that met no order, up to <see cref="Orders.MatchingLimits.EarlyCancelsPerAccount"/>.
/// </param>
/// <param name="LastEarly">Sequence of the newest of them, 0 without one: a batch beyond it is not counted yet.</param>
/// <param name="OwnsSomething">True if the ledger of any shard shows collateral or shares.</param>
internal readonly record struct EarlyCancels(int Early, long LastEarly, bool OwnsSomething);
