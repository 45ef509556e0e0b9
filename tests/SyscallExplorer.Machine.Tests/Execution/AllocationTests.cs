using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The loop and the instruction handlers allocate nothing: what a run allocates does not grow with its length.</summary>
public class AllocationTests
{
    private const long Short = 2_000;
    private const long Long = 200_000;
    private const int Attempts = 100;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Families => [.. s_families.Keys];

    private static readonly Dictionary<string, Action<Assembler>> s_families = new()
    {
        ["integer"] = a =>
        {
            a.add(rax, __qword_ptr[rbx + 8]);
            a.imul(rcx, rax, 7);
            a.shld(rdx, rcx, 3);
            a.push(rax);
            a.pop(r8);
            a.@lock.xadd(__qword_ptr[rbx + 16], rax);
            a.pdep(r9, rax, rcx);
            a.crc32(eax, ecx);
            a.bsf(r10, rcx);
            a.setc(al);
        },
        ["strings"] = a =>
        {
            a.lea(rsi, __[rbx + 64]);
            a.lea(rdi, __[rbx + 128]);
            a.mov(ecx, 8);
            a.rep.movsq();
            a.mov(ecx, 8);
            a.repne.scasb();
        },
        ["x87"] = a =>
        {
            a.fninit();
            a.fldpi();
            a.fsincos();
            a.fmulp(st1, st0);
            a.fld(__qword_ptr[rbx]);
            a.fyl2x();
            a.fstp(__tbyte_ptr[rbx + 32]);
            a.fld(__tbyte_ptr[rbx + 32]);
            a.fbstp(__[rbx + 48]);
            a.fnstenv(__[rbx + 256]);
            a.fldenv(__[rbx + 256]);
        },
        ["SSE and AVX"] = a =>
        {
            a.movdqu(xmm0, __[rbx + 1]);
            a.pshufb(xmm0, xmm1);
            a.vpaddd(ymm2, ymm0, __[rbx]);
            a.pcmpistri(xmm0, xmm1, 0x0C);
            a.aesenc(xmm0, xmm1);
            a.pclmulqdq(xmm0, xmm1, 1);
            a.vpcmpeqd(ymm6, ymm6, ymm6);
            a.vpxor(ymm4, ymm4, ymm4);
            a.vpgatherdd(ymm5, __[rbx + ymm4 * 4], ymm6);
            a.sha256rnds2(xmm3, xmm4);
        },
        ["SSE and AVX floating point"] = a =>
        {
            a.divsd(xmm0, __qword_ptr[rbx]);
            a.vfmadd213ps(ymm1, ymm2, __[rbx]);
            a.sqrtpd(xmm3, xmm0);
            a.cvttsd2si(rax, xmm0);
            a.vcvtps2ph(xmm4, ymm1, 0);
            a.dpps(xmm1, xmm2, 0xFF);
            a.rcpps(xmm5, xmm1);
            a.roundsd(xmm0, xmm0, 4);
            a.ucomisd(xmm0, xmm3);
        },
        ["state"] = a =>
        {
            a.mov(eax, 7);
            a.xor(edx, edx);
            a.fxsave64(__[rbx + 512]);
            a.fxrstor64(__[rbx + 512]);
            a.xsavec(__[rbx + 1024]);
            a.xrstor(__[rbx + 1024]);
            a.cpuid();
            a.lea(rbx, __[r12]);
        },
    };

    [Theory, MemberData(nameof(Families))]
    public void A_longer_run_allocates_no_more(string family)
    {
        MachineBench bench = StateBench.Create(Cpus.Zen2);
        bench.Place(BenchMode.User64, a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            s_families[family](a);
            a.jmp(again);
        });
        bench[Gpr.Rbx] = bench[Gpr.R12] = BenchLayout.UserData;

        // While the host's compiler is still at work on code that has just become hot, a run may allocate; what counts is where it settles.
        string growth = "";
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long brief = Allocated(bench, Short);
            long lengthy = Allocated(bench, Long);
            if (lengthy - brief < (Long - Short) / 10)
                return;
            growth = $"{Short} instructions allocated {brief} bytes, {Long} allocated {lengthy}.";
            Thread.Sleep(s_pause);
        }

        Assert.Fail(growth);
    }

    private static long Allocated(MachineBench bench, long instructions)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        RunResult result = bench.Cpu.Run(RunLimits.Instructions(instructions));
        long after = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal((StopReason.InstructionBudget, 3), (result.Reason, bench.Cpu.CurrentPrivilegeLevel));
        return after - before;
    }
}
