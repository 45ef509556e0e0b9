using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The rules of the Pipeline depth, each by a block that shows it alone.</summary>
public sealed class PipelineTests
{
    private static readonly Microarchitecture _skylake = Microarchitecture.Load("Skylake");

    [Fact]
    public void A_chain_of_additions_takes_a_cycle_each() => Assert.Equal(4, Cycles(a => Repeat(4, () => a.add(rax, rcx))), 2);

    [Fact]
    public void A_chain_of_multiplications_takes_its_latency_each() => Assert.Equal(9, Cycles(a => Repeat(3, () => a.imul(rax, rcx))), 2);

    [Fact]
    public void Independent_multiplications_share_their_only_port() =>
        Assert.Equal(4, Cycles(a =>
        {
            a.imul(rax, rbx);
            a.imul(rcx, rbx);
            a.imul(rdx, rbx);
            a.imul(rsi, rbx);
        }, storesFeedLoads: false), 0);

    [Fact]
    public void A_zeroed_register_waits_for_nothing()
    {
        double chained = Cycles(a => Repeat(3, () => a.imul(rax, rax)));
        double broken = Cycles(a =>
        {
            a.xor(eax, eax);
            Repeat(3, () => a.imul(rax, rax));
        });

        Assert.Equal(9, chained, 2);
        Assert.True(broken < chained, $"{broken} cycles with the zeroing, {chained} without.");
    }

    [Fact]
    public void A_load_of_what_was_just_stored_waits_for_the_store()
    {
        Action<Assembler> block = a =>
        {
            a.mov(__[rdi], rax);
            a.mov(rax, __[rdi]);
        };

        Assert.Equal(_skylake.Pipeline.StoreForward, Cycles(block, storesFeedLoads: true), 0);
        Assert.True(Cycles(block, storesFeedLoads: false) < _skylake.Pipeline.StoreForward);
    }

    [Fact]
    public void A_load_that_one_store_covers_in_part_waits_longer()
    {
        double whole = Cycles(
            a =>
            {
                a.mov(__[rdi], rax);
                a.mov(rax, __[rdi]);
            }, storesFeedLoads: true);
        double part = Cycles(
            a =>
            {
                a.mov(__[rdi], eax);
                a.mov(rax, __[rdi]);
            }, storesFeedLoads: true);

        Assert.True(part > whole, $"{part} cycles in part, {whole} whole.");
    }

    [Fact]
    public void A_microcoded_instruction_has_the_core_for_itself()
    {
        double figure = _skylake.FigureOf(Instruction.Create(Code.Rdtsc)).Cost / 256.0;

        Assert.Equal(figure, Cycles(a => a.rdtsc()), 2);
        Assert.Equal(figure + 9, Cycles(a =>
        {
            Repeat(3, () => a.imul(rbx, rcx));
            a.rdtsc();
        }), 0);
    }

    [Fact]
    public void An_empty_block_and_bytes_that_are_no_instruction_are_refused_in_a_sentence()
    {
        Assert.StartsWith("The block is empty.", Assert.Throws<ArgumentException>(() => BlockTiming.CyclesPerIteration(_skylake, [])).Message, StringComparison.Ordinal);
        Assert.StartsWith("At offset 1 of the block stand bytes", Assert.Throws<ArgumentException>(() => BlockTiming.CyclesPerIteration(_skylake, [0x90, 0x06])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_was_used_longest_ago_leaves_a_full_set()
    {
        var cache = new CacheLevel(new CacheLevelGeometry(Kib: 1, Ways: 2, Latency: 1));
        const ulong setStride = 8 * 64;
        Assert.False(cache.Touch(0));
        Assert.False(cache.Touch(setStride));
        Assert.True(cache.Touch(0));
        Assert.False(cache.Touch(2 * setStride));

        Assert.True(cache.Touch(0));
        Assert.False(cache.Touch(setStride));
    }

    [Fact]
    public void A_load_is_answered_by_the_nearest_level_that_has_its_line()
    {
        PipelineGeometry core = _skylake.Pipeline;
        var caches = new CacheHierarchy(core);
        Assert.Equal(core.Memory, caches.Load(0x1000));
        Assert.Equal(core.LoadLatency, caches.Load(0x1000));

        caches.ClearOwn();
        Assert.Equal(core.L3.Latency, caches.Load(0x1000));
    }

    [Fact]
    public void A_figure_is_fitted_under_its_own_key_only()
    {
        Microarchitecture fitted = _skylake.Fitted("mine", new Dictionary<string, double> { ["syscall"] = 50 }, "this test", "set", ticksPerCycle: 0.8);

        Figure figure = fitted.FigureOf(Instruction.Create(Code.Syscall));
        Assert.Equal((50 * 256, Confidence.Fitted), (figure.Cost, figure.Confidence));
        Assert.Equal((800, 1000), fitted.TscRatio);
        Assert.NotEqual(_skylake.DataHash, fitted.DataHash);
        Assert.StartsWith("Skylake has no figure 'sycall'. Did you mean 'syscall'?", Assert.Throws<ArgumentException>(() => _skylake.Fitted("mine", new Dictionary<string, double> { ["sycall"] = 1 }, "x", "y")).Message, StringComparison.Ordinal);
    }

    private static double Cycles(Action<Assembler> write, bool storesFeedLoads = false)
    {
        var assembler = new Assembler(64);
        write(assembler);
        var bytes = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(bytes), 0);
        return BlockTiming.CyclesPerIteration(_skylake, bytes.ToArray(), storesFeedLoads: storesFeedLoads);
    }

    private static void Repeat(int count, Action action)
    {
        for (int i = 0; i < count; i++)
            action();
    }
}
