using Foresight.Matching.Gateway;
using Foresight.Protocol;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Processes;

/// <summary>
/// The row of the settlement role in Postgres, whose holder alone reports facts of the chain. It changes hands now and then.
/// </summary>
internal sealed class SettlementTerm
{
    private readonly World _world;
    private readonly Dice _dice;
    private readonly List<(TermClaim Claim, long EndedAt)> _ended = [];

    public SettlementTerm(World world, Dice dice)
    {
        (_world, _dice) = (world, dice);
        Claim = new TermClaim(LeasedResources.Settlement, 1, dice.NextGuid());
        PlanNext();
    }

    public TermClaim Claim { get; private set; }

    public HeldTerm Row => new(Claim.Epoch, Claim.Token);

    /// <summary>The newest claim that ended at least so long ago; null if there is none yet.</summary>
    public TermClaim? EndedBefore(TimeSpan ago) =>
        _ended.FindLast(term => _world.Timeline.Now - term.EndedAt >= ago.Ticks) is { Claim: { } claim } ? claim : null;

    private void PlanNext() =>
        _world.Timeline.After(
            _dice.Between(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(15)),
            () =>
            {
                _ended.Add((Claim, _world.Timeline.Now));
                Claim = Claim with { Epoch = Claim.Epoch + 1, Token = _dice.NextGuid() };
                PlanNext();
            }
        );
}
