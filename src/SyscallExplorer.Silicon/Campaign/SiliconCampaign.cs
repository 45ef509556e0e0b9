using System.Diagnostics;
using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>A case on which the two sides differ.</summary>
/// <param name="Code">The form.</param>
/// <param name="Case">The case as it was found.</param>
/// <param name="Differences">What differs.</param>
/// <param name="Order">Its place in the campaign.</param>
public sealed record Mismatch(Code Code, SiliconCase Case, IReadOnlyList<Difference> Differences, long Order);

/// <summary>What a campaign found.</summary>
/// <param name="Cases">Cases that ran on both sides.</param>
/// <param name="Elapsed">Wall-clock time.</param>
/// <param name="CasesByForm">Cases of each form, by its <see cref="Code"/>; illegal encodings are <see cref="Code.INVALID"/>.</param>
/// <param name="CompletedByForm">Those that raised no exception natively.</param>
/// <param name="MismatchesByForm">Those that differ.</param>
/// <param name="KnownDifferences">How often each known difference was met, by its reason; they are no mismatches.</param>
/// <param name="Examples">The first mismatches of each form.</param>
/// <param name="WorkerDeaths">How often a worker had to be started again.</param>
public sealed record CampaignResult(
    long Cases, TimeSpan Elapsed, IReadOnlyList<long> CasesByForm, IReadOnlyList<long> CompletedByForm, IReadOnlyList<long> MismatchesByForm,
    IReadOnlyDictionary<string, long> KnownDifferences, IReadOnlyList<Mismatch> Examples, int WorkerDeaths)
{
    /// <summary>Number of forms that had a case; illegal encodings count as one.</summary>
    public int FormCount => CasesByForm.Count(cases => cases > 0);

    /// <summary>Number of mismatches.</summary>
    public long MismatchCount => MismatchesByForm.Sum();
}

/// <summary>Random cases by the hundred thousand, on as many threads as the host has processors, each with a worker of its own.</summary>
public sealed class SiliconCampaign
{
    private const int CasesPerSnippet = 4;
    private const int ExamplesPerForm = 3;

    private readonly ulong _seed;
    private readonly FormCatalog _catalog;
    private readonly Lock _lock = new();
    private readonly long[] _cases = new long[CodeCount];
    private readonly long[] _completed = new long[CodeCount];
    private readonly long[] _mismatches = new long[CodeCount];
    private readonly long[] _known = new long[KnownDifferences.All.Count];
    private readonly Dictionary<Code, List<Mismatch>> _examples = [];
    private long _nextBatch = -1;
    private int _deaths;

    /// <summary>Prepares a campaign; what it does follows from the seed.</summary>
    public SiliconCampaign(ulong seed)
        : this(seed, HostProcessor.Model)
    {
    }

    internal SiliconCampaign(ulong seed, CpuModel model) => (_seed, _catalog) = (seed, new FormCatalog(model));

    private static int CodeCount => (int)Enum.GetValues<Code>().Max() + 1;

    /// <summary>Plants a defect into what the emulator ends with.</summary>
    internal Action<EndState>? Defect { get; init; }

    /// <summary>Called now and then with the number of cases and of mismatches so far.</summary>
    public Action<long, long>? Progress { get; init; }

    /// <summary>Runs at least so many cases.</summary>
    public CampaignResult RunCases(long cases) => Run((cases + WorkerLayout.MaxCases - 1) / WorkerLayout.MaxCases, TimeSpan.MaxValue);

    /// <summary>Runs for a time.</summary>
    public CampaignResult RunFor(TimeSpan time) => Run(long.MaxValue, time);

    private CampaignResult Run(long batches, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        Task[] tasks = [.. Enumerable.Range(0, Environment.ProcessorCount)
            .Select(_ => Task.Factory.StartNew(() => Work(batches, limit, clock), TaskCreationOptions.LongRunning))];
        Task.WaitAll(tasks);
        return new CampaignResult(
            _cases.Sum(), clock.Elapsed, _cases, _completed, _mismatches,
            KnownDifferences.All.Select((kind, index) => (kind.Reason, Count: _known[index])).ToDictionary(entry => entry.Reason, entry => entry.Count),
            [.. _examples.OrderBy(entry => entry.Key).SelectMany(entry => entry.Value.OrderBy(mismatch => mismatch.Order).Take(ExamplesPerForm))], _deaths);
    }

    private void Work(long batches, TimeSpan limit, Stopwatch clock)
    {
        using var runner = new SiliconRunner(_catalog.Model) { Defect = Defect };
        long[] cases = new long[CodeCount], completed = new long[CodeCount], mismatches = new long[CodeCount], known = new long[KnownDifferences.All.Count];
        while (clock.Elapsed < limit && Interlocked.Increment(ref _nextBatch) is var batch && batch < batches)
        {
            Fill(runner, batch);
            List<(Code Code, SiliconCase Case, IReadOnlyList<Difference> Differences, long Order)> suspects = [];
            runner.Run((index, differences, kind) =>
            {
                Code code = runner.SnippetOf(index).Instruction.Code;
                cases[(int)code]++;
                if (runner.Native.Kind == EndKind.Completed)
                    completed[(int)code]++;
                if (kind >= 0)
                    known[kind]++;
                else if (differences is not null)
                    suspects.Add((code, SiliconComparison.Extract(runner, index), differences, batch * WorkerLayout.MaxCases + index));
            });

            // A signal or a switch of tasks in the middle of a case costs it ID, NT, FIP and FDP; it agrees when it is run again.
            foreach ((Code code, SiliconCase which, IReadOnlyList<Difference> differences, long order) in suspects)
            {
                if (SiliconComparison.Compare(runner, which, out _).Count == 0)
                    continue;
                mismatches[(int)code]++;
                Note(new Mismatch(code, which, differences, order));
            }

            if (batch % 64 == 0)
                Progress?.Invoke((batch + 1) * WorkerLayout.MaxCases, mismatches.Sum());
        }

        lock (_lock)
        {
            for (int i = 0; i < cases.Length; i++)
            {
                _cases[i] += cases[i];
                _completed[i] += completed[i];
                _mismatches[i] += mismatches[i];
            }

            for (int i = 0; i < known.Length; i++)
                _known[i] += known[i];
            _deaths += runner.Deaths;
        }
    }

    private void Fill(SiliconRunner runner, long batch)
    {
        var generator = new CaseGenerator(_catalog, CaseRandom.Mix(_seed, (ulong)batch));
        runner.Begin();
        generator.FillBackground(runner.Images, runner.Data);
        while (runner.Count + CasesPerSnippet <= WorkerLayout.MaxCases)
        {
            Snippet snippet = generator.NextSnippet(runner.NextSlot, runner.FreeSlots);
            int placed = runner.Place(snippet);
            for (int i = 0; i < CasesPerSnippet; i++)
                generator.FillCase(snippet, runner.Data, ref runner.Add(placed));
        }
    }

    private void Note(Mismatch mismatch)
    {
        lock (_lock)
        {
            if (!_examples.TryGetValue(mismatch.Code, out List<Mismatch>? list))
                _examples[mismatch.Code] = list = [];

            // Batches end in any order; those that come first in the campaign are kept, whoever ran them.
            list.Add(mismatch);
            if (list.Count > ExamplesPerForm)
                list.Remove(list.MaxBy(known => known.Order)!);
        }
    }
}
