import { chances, suggest } from "dualrate/planner";
import { deriveKey, Random } from "./dist/random.js";
import fs from "node:fs";
const src=fs.readFileSync("bench/calibration.mjs","utf8");
const body=src.slice(src.indexOf("const unit ="),src.indexOf("const SHAPES"));
const simulatedSrc=src.slice(src.indexOf("/** A study whose trials"));
const {CASES,simulated}=new Function("suggest","deriveKey","Random",body+simulatedSrc+";return {CASES,simulated}")(suggest,deriveKey,Random);
const N=Number(process.argv[2]??60), from=Number(process.argv[3]??1000);
const shapes={a:{method:"sobol",trials:20,seeds:1},b:{method:"sobol",trials:20,seeds:3},c:{method:"bayes",trials:20,seeds:1},d:{method:"sobol",trials:40,seeds:1}};
for(const which of (process.argv[4]??"a").split("")) for(const [name,f,params,noise] of CASES){
  let held=0,plain=0,claim=0,right=0,brier=0;const t=performance.now();
  const cacheDir="/tmp/calcache";fs.mkdirSync(cacheDir,{recursive:true});
  for(let s=from;s<from+N;s++){
    const cf=`${cacheDir}/${name.replace(/\W/g,"_")}-${which}-${s}.json`;
    let study; if(fs.existsSync(cf)) study=JSON.parse(fs.readFileSync(cf,"utf8")); else {study=simulated(f,params,noise,{...shapes[which],seed:s});fs.writeFileSync(cf,JSON.stringify(study));}
    const bel=[...chances(study)].sort((a,b)=>b.probability-a.probability);
    const best=study.trials.map(({parameters})=>parameters).reduce((a,b)=>f(b)<f(a)?b:a);
    const is=({parameters})=>JSON.stringify(parameters)===JSON.stringify(best);
    let sum=0;for(const c of bel){const w=Math.max(0,Math.min(1,(0.9-sum)/c.probability));if(is(c)){held+=w;plain+=sum<0.9?1:0}sum+=c.probability}
    claim+=bel[0].probability;right+=is(bel[0])?1:0;
  }
  const p=x=>(100*x/N).toFixed(0);
  console.log(which,name.padEnd(16),"exact set",p(held),"| plain set",p(plain),"| claimed",p(claim),"right",p(right),((performance.now()-t)/N).toFixed(0)+"ms");
}
