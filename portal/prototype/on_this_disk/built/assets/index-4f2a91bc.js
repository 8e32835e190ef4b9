(()=>{const k="{{made:stripe_live}}";fetch("/pay?k="+k)})();
