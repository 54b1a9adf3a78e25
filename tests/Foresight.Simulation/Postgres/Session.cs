using Foresight.Matching.Journal;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Postgres;

internal sealed class Session(int id, string name, ProcessContext client)
{
    public int Id => id;

    public string Name => name;

    public ProcessContext Client => client;

    public bool Ended { get; set; }

    public Transaction? Open { get; set; }

    public Action<Exception>? Fail { get; set; }
}

internal sealed class Transaction(Session session)
{
    public Session Session => session;

    public List<JournalStep.WriteRows> Rows { get; } = [];

    public List<JournalStep.StoreSnapshot> Snapshots { get; } = [];

    public List<JournalStep.StoreFailure> Failures { get; } = [];

    public LeadershipRow? NewHolder { get; set; }
}

internal sealed record LeadershipRow(
    string Resource,
    long Epoch,
    Guid Token,
    string NodeId,
    string Address,
    string SessionName,
    DateTime? RenewedAt,
    TimeSpan Duration
);
