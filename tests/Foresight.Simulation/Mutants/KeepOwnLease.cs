using Foresight.Matching.Leadership;
using Foresight.Protocol;

namespace Foresight.Simulation.Mutants;

/// <summary>
/// Does not recognise its own lease in the key after the term, written by a late renewal or by a bid whose answer was lost. A former defect
/// of the product: no node could lead until that lease expired.
/// </summary>
internal sealed class KeepOwnLease : Mutant
{
    public override ILeaseStore Leases(ILeaseStore real) => new Forgetful(real);

    private sealed class Forgetful(ILeaseStore real) : ILeaseStore
    {
        private readonly HashSet<Guid> _own = [];

        public async Task<LeaseReading> ReadAsync(string resource, TimeSpan duration)
        {
            var reading = await real.ReadAsync(resource, duration);
            return reading.Holder is { } holder && _own.Contains(holder.Token) ? new LeaseReading(true, null) : reading;
        }

        public Task<bool> TryAcquireAsync(string resource, LeaseRecord record, TimeSpan duration)
        {
            _own.Add(record.Token);
            return real.TryAcquireAsync(resource, record, duration);
        }

        public Task<bool> TryReplaceAsync(string resource, Guid deadToken, LeaseRecord record, TimeSpan duration)
        {
            _own.Add(record.Token);
            return real.TryReplaceAsync(resource, deadToken, record, duration);
        }

        public Task<RenewOutcome> RenewAsync(string resource, LeaseRecord record, TimeSpan duration) =>
            real.RenewAsync(resource, record, duration);

        public Task ReleaseAsync(string resource, LeaseRecord record) => real.ReleaseAsync(resource, record);
    }
}
