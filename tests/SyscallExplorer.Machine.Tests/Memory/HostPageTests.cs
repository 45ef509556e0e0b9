using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The host arrays that serve most accesses never show: a processor that looks each of them up anew goes the same way to the cycle.</summary>
public class HostPageTests
{
    private const ulong Pages = BenchLayout.KernelData;
    private const int PageCount = 6;
    private const ulong LargePage = 0xFFFF_A000_0000_0000;
    private const ulong Frames = 0x80_0000;
    private const ulong LargeFrames = 0x200_0000;
    private const ulong Descriptor = BenchLayout.KernelData + 0x2_0000;
    private const ulong Handler = BenchLayout.KernelCode + 0x8000;
    private const ulong NoFlush = 1ul << 63;
    private const int Operations = 160;

    /// <summary>An access is an instruction of 7 bytes, over which the handler of page faults steps.</summary>
    private const int AccessLength = 7;

    [Fact]
    public void Random_changes_of_page_tables_and_flushes_look_the_same_without_them()
    {
        int faults = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            MachineBench kept = Create(seed);
            MachineBench forgotten = Create(seed);
            for (int step = 0; kept.Step().Instructions > 0; step++)
            {
                forgotten.Cpu.ForgetHostPages();
                forgotten.Step();
                Assert.True(StateOf(kept) == StateOf(forgotten), $"Seed {seed}, step {step}: {StateOf(kept)} with host pages, {StateOf(forgotten)} without.");
            }

            faults += (int)kept[Gpr.R15];
        }

        Assert.True(faults > 500, $"Only {faults} page faults came: too few to tell anything.");
    }

    private static (ulong Rip, ulong Sum, long Clock, ulong Faults) StateOf(MachineBench bench) =>
        (bench.Cpu.Registers.Rip, bench[Gpr.Rax], bench.Cpu.Clock, bench[Gpr.R15]);

    private static MachineBench Create(int seed)
    {
        var random = new Random(seed);
        var bench = new MachineBench(Cpus.Haswell);
        bench.SetCr4(Cr4.PCIDE | Cr4.PGE);
        for (int page = 0; page < PageCount; page++)
            bench.Pages.Map(PageOf(page), FrameOf(page), 3);
        bench.Pages.MapLarge(LargePage, LargeFrames, 3);
        ulong entries = bench.EntriesOf(Pages)[3];
        ulong largeEntry = bench.EntriesOf(LargePage)[2];
        bench.SetGate((byte)Vector.PageFault, Handler, ist: 1);
        bench.WriteBytes(Handler, MachineBench.Assemble(64, Handler, a =>
        {
            a.inc(r15);
            a.add(__qword_ptr[rsp + 8], AccessLength);
            a.add(rsp, 8);
            a.iretq();
        }));
        bench.Cpu.Registers.ControlRegister3 = bench.Pages.Root | 1;
        bench[Gpr.Rax] = bench[Gpr.R15] = 0;
        bench.Place(BenchMode.Kernel64, a =>
        {
            for (int i = 0; i < Operations; i++)
                Emit(a, random, bench.Pages.Root, entries, largeEntry);
        });
        return bench;
    }

    private static void Emit(Assembler a, Random random, ulong root, ulong entries, ulong largeEntry)
    {
        ulong linear = random.Next(4) == 0 ? LargePage + (ulong)random.Next(3) * 0x1000 : PageOf(random.Next(PageCount));
        a.mov(rbx, linear);
        switch (random.Next(16))
        {
            case < 5:
                a.db(0x48, 0x03, 0x83, 0, 0, 0, 0);
                a.rol(rax, 7);
                break;
            case < 9:
                a.inc(rax);
                a.db(0x48, 0x89, 0x83, 0, 0, 0, 0);
                break;
            case < 11:
                a.mov(rcx, entries + (ulong)random.Next(PageCount) * 8);
                a.mov(rdx, random.Next(5) == 0 ? 0 : FrameOf(random.Next(PageCount)) | 1 | (random.Next(3) > 0 ? PageEntry.RW : 0) | (random.Next(3) == 0 ? PageEntry.G : 0));
                a.mov(__[rcx], rdx);
                break;
            case 11:
                a.mov(rcx, largeEntry);
                a.mov(rdx, LargeFrames + (ulong)random.Next(2) * 0x20_0000 | 3 | PageEntry.PS | (random.Next(3) == 0 ? PageEntry.G : 0));
                a.mov(__[rcx], rdx);
                break;
            case 12:
                a.invlpg(__byte_ptr[rbx]);
                break;
            case 13:
                a.mov(rcx, Descriptor);
                a.mov(__qword_ptr[rcx], random.Next(1, 4));
                a.mov(__[rcx + 8], rbx);
                a.mov(rdx, random.Next(6) == 0 ? random.Next(2, 4) : random.Next(2));
                a.invpcid(rdx, __[rcx]);
                break;
            default:
                a.mov(rcx, root | (uint)random.Next(1, 4) | (random.Next(4) > 0 ? NoFlush : 0));
                a.mov(cr3, rcx);
                break;
        }
    }

    private static ulong PageOf(int index) => Pages + (ulong)index * 0x1000;

    private static ulong FrameOf(int index) => Frames + (ulong)index * 0x1000;
}
